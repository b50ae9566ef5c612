/** The queries of docs/metrics/dashboard.json and the expressions of docs/metrics/alerts.yml. */
import { readFileSync } from 'node:fs'

const page = (name: string) => readFileSync(new URL(`../../docs/metrics/${name}`, import.meta.url), 'utf8')

/** All PromQL of the dashboard: of its panels and of its variables. */
export function dashboardQueries(): readonly string[] {
  const dashboard: unknown = JSON.parse(page('dashboard.json'))
  const found: string[] = []
  const look = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, member] of Object.entries(value)) {
      if ((key === 'expr' || key === 'definition') && typeof member === 'string') found.push(member)
      else look(member)
    }
  }
  look(dashboard)
  return found
}

/** A query as Grafana would send it, for all jobs and instances. */
export function asSent(query: string): string {
  return query.replaceAll('$__rate_interval', '1m').replaceAll(/\$(job|instance)/g, '.*')
}

export function alertsText(): string {
  return page('alerts.yml')
}
