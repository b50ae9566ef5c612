/**
 * What the charts use of ECharts. Its own declarations want the DOM and compile under looser flags than ours; its
 * bundle, unlike its entry, comes without them, and loads in a tenth of the time.
 */
declare module 'echarts/dist/echarts.esm.min' {
  interface RenderedChart {
    setOption(option: object): void
    renderToSVGString(): string
    dispose(): void
  }

  interface ServerSide {
    readonly renderer: 'svg'
    readonly ssr: true
    readonly width: number
    readonly height: number
  }

  export function init(dom: null, theme: null, options: ServerSide): RenderedChart
}
