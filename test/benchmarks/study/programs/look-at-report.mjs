// Opens a report in Chromium and prints what it finds there as JSON: node look-at-report.mjs CHROMIUM FOLDER, with
// report.html and *.svg in the folder. The test judges; here is only what needs a browser. Not TypeScript, because the
// types of a page want the DOM, which the rest of the repository must not see.
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const [, , executablePath, folder] = process.argv
const address = pathToFileURL(path.join(folder, 'report.html')).href
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
try {
  const views = [await view(320, 'light')]
  for (const width of [400, 1280]) {
    for (const colorScheme of ['light', 'dark']) views.push(await view(width, colorScheme))
  }
  const found = { views, use: await use(), withoutScript: await withoutScript(), files: await files() }
  process.stdout.write(JSON.stringify(found))
} finally {
  await browser.close()
}

async function open(options, url = address) {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const complaints = []
  const requests = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('dialog', (dialog) => complaints.push(dialog.message()))
  page.on('request', (request) => requests.push(request.url()))
  await page.goto(url)
  return { page, complaints, requests: () => requests.filter((one) => one !== url) }
}

async function view(width, colorScheme) {
  const { page, complaints, requests } = await open({ viewport: { width, height: 900 }, colorScheme })
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true
  })
  const seen = await page.evaluate(lookAround)
  await page.context().close()
  return { width, colorScheme, complaints, requests: requests(), ...seen }
}

// Runs in the page.
function lookAround() {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)]
  const isVisible = (element) => element.checkVisibility()
  const nameOf = (element) =>
    element.getAttribute('aria-label') ?? document.getElementById(element.getAttribute('aria-labelledby'))?.textContent

  const charts = all('.chart svg')
    .filter(isVisible)
    .map((svg) => {
      const box = svg.getBoundingClientRect()
      const scale = box.width / svg.viewBox.baseVal.width
      const series = {}
      for (const mark of all('[data-series]', svg)) {
        const { width, height } = mark.getBoundingClientRect()
        series[mark.dataset.series] ??= { marks: 0, empty: 0, titles: [] }
        const one = series[mark.dataset.series]
        one.marks++
        if (width + height === 0) one.empty++
        one.titles.push(mark.querySelector('title')?.textContent)
      }
      const texts = all('text', svg)
      const outside = texts.filter((text) => {
        const { left, right, top, bottom } = text.getBoundingClientRect()
        return left < box.left - 8 || right > box.right + 8 || top < box.top - 2 || bottom > box.bottom + 2
      })
      return {
        name: nameOf(svg),
        description: document.getElementById(svg.getAttribute('aria-describedby'))?.textContent,
        series,
        smallestText: Math.min(...texts.map((text) => parseFloat(getComputedStyle(text).fontSize) * scale)),
        outside: outside.map((text) => text.textContent),
      }
    })

  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = colour
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const luminance = (colour) => {
    const [red, green, blue] = rgb(colour).map((part) => {
      const value = part / 255
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const backgroundOf = (element) => {
    for (let one = element; one !== null; one = one.parentElement) {
      const { backgroundColor } = getComputedStyle(one)
      if (rgb(backgroundColor)[3] === 255) return backgroundColor
    }
    return 'white'
  }
  const worst = { contrast: 21, text: '' }
  for (const element of all('body *')) {
    const text = [...element.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== '')
    if (text === undefined || ['SCRIPT', 'TITLE', 'title', 'NOSCRIPT'].includes(element.tagName)) continue
    if (!isVisible(element)) continue
    const computed = getComputedStyle(element)
    const pair = [element instanceof SVGElement ? computed.fill : computed.color, backgroundOf(element)].map(luminance)
    const contrast = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05)
    if (contrast < worst.contrast) Object.assign(worst, { contrast, text: text.data.trim() })
  }

  const ids = all('[id]').map(({ id }) => id)
  return {
    charts,
    worst,
    background: getComputedStyle(document.body).backgroundColor,
    firstMark: getComputedStyle(document.querySelector('.chart [data-series][fill^="#"]')).fill,
    overflow: document.documentElement.scrollWidth - innerWidth,
    headings: all('h1,h2,h3,h4,h5,h6').map((heading) => Number(heading.tagName[1])),
    landmarks: ['header', 'nav', 'main'].map((name) => all(name).length),
    unnamed: all('[role=img], img, [role=region], section, nav, table').filter((one) => !nameOf(one)?.trim()).length,
    headersWithoutScope: all('th:not([scope])').length,
    brokenOut: { images: document.images.length, scripts: document.scripts.length },
    repeatedIds: ids.filter((id, index) => ids.indexOf(id) !== index),
    deadLinks: all('a[href^="#"]')
      .map((link) => link.getAttribute('href').slice(1))
      .filter((id) => !ids.includes(id)),
  }
}

/** With keyboard and downloads. */
async function use() {
  const { page, complaints } = await open({ viewport: { width: 400, height: 900 }, acceptDownloads: true })
  const expected = await page.evaluate(() => {
    const reachable = 'a[href], summary, [tabindex="0"]'
    return [...document.querySelectorAll(reachable)].filter((one) => one.checkVisibility()).length
  })
  const focused = []
  for (let index = 0; index < expected; index++) {
    await page.keyboard.press('Tab')
    focused.push(
      await page.evaluate(() => {
        const { tagName, id, hash, textContent, className } = document.activeElement
        const { outlineStyle } = getComputedStyle(document.activeElement)
        document.activeElement.dataset.focused = 'yes'
        return { tagName, id, hash: hash ?? '', className, text: textContent.slice(0, 40), outlineStyle }
      }),
    )
  }
  const reached = await page.evaluate(() => document.querySelectorAll('[data-focused]').length)
  const json = await download(page, '#download-json')
  const csv = await download(page, '[data-table="latency-table"]')
  await page.context().close()
  return { expected, reached, focused, json, csv, complaints }
}

async function download(page, selector) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click(selector)])
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') }
}

async function withoutScript() {
  const { page, complaints } = await open({ viewport: { width: 400, height: 900 }, javaScriptEnabled: false })
  const visible = (selector) => page.locator(selector).filter({ visible: true }).count()
  const found = {
    charts: await visible('.chart svg'),
    downloads: await visible('.download'),
    notes: await visible('noscript'),
  }
  await page.context().close()
  return { ...found, complaints }
}

/** The charts as files, in the dark: a browser shows what is not XML as an error. */
async function files() {
  const { page, complaints } = await open({ colorScheme: 'dark' })
  const found = []
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.svg'))) {
    await page.goto(pathToFileURL(path.join(folder, name)).href)
    const seen = await page.evaluate(() => ({
      root: document.documentElement.nodeName,
      errors: document.querySelectorAll('parsererror').length,
      marks: document.querySelectorAll('[data-series]').length,
      title: document.querySelector('svg > title')?.textContent,
      background: getComputedStyle(document.querySelector('svg > rect')).fill,
    }))
    found.push({ name, ...seen })
  }
  await page.context().close()
  return { found, complaints }
}
