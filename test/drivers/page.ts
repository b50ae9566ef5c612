export function updatePage(): void {}
export function isUpToDate(): boolean {
  return true
}
