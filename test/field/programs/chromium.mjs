// Usage: node chromium.mjs EXECUTABLE URL
// Prints what fetch() of a page gets. Its standard error says which Chromium that was.
import { chromium } from 'playwright-core'

const [executablePath, url] = process.argv.slice(2)
const args = ['--no-sandbox', '--disable-gpu', '--no-proxy-server']
const browser = await chromium.launch({ executablePath, args })
try {
  if (url === '--version') console.log(browser.version())
  else {
    const page = await browser.newPage({ ignoreHTTPSErrors: true })
    const text = await page.evaluate(async (wanted) => (await fetch(wanted)).text(), url)
    process.stdout.write(text)
  }
} finally {
  await browser.close()
}
