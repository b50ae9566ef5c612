/** Whether this process has loaded a binary of the package, as the loader of the system has it. */
export function addonIsLoaded(): boolean {
  const report: unknown = process.report.getReport()
  if (typeof report !== 'object' || report === null || !('sharedObjects' in report)) return false
  const { sharedObjects } = report
  return Array.isArray(sharedObjects) && sharedObjects.some((file) => String(file).endsWith('.node'))
}
