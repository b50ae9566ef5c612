import { darkRules, shades } from './palette.js'

const wideFrom = 780

/** Text is set to be read: 17 px, 68 letters a line; figures stand in columns; nothing moves. */
export const style = `
:root{color-scheme:light dark;${variables('light')}
--alarm:#a40e26;--alarm-soft:#fdeef0;--link:#0b57b8;--soft:#f5f7f9}
@media screen and (prefers-color-scheme:dark){:root{${variables('dark')}
--alarm:#ff8a93;--alarm-soft:#391a20;--link:#86b7ff;--soft:#1c2128}
${darkRules('.chart')}
}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;padding:2.5rem 1rem 5rem;max-width:62rem;background:var(--background);color:var(--text);
font:1.0625rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
h1,h2,h3{line-height:1.25;text-wrap:balance;scroll-margin-top:1rem}
h1{font-size:clamp(1.6rem,1.1rem + 2.2vw,2.35rem);letter-spacing:-.015em;margin:0 0 .75rem}
h2{font-size:1.5rem;letter-spacing:-.01em;margin:4rem 0 1rem;padding-top:1.25rem;border-top:1px solid var(--grid)}
h3{font-size:1.0625rem;margin:0 0 .25rem}
p,dl,ol{max-width:68ch}
a{color:var(--link);text-underline-offset:.15em}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:2px}
main:focus{outline:none}
code{font:.9em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.skip{position:absolute;left:-100vw;background:var(--background);padding:.5rem 1rem;z-index:2}
.skip:focus{left:1rem;top:.5rem}
.lead{font-size:1.125rem;color:var(--muted);margin:0 0 1.5rem}
.alarm{border-left:.3rem solid var(--alarm);background:var(--alarm-soft);padding:.75rem 1rem;max-width:none}
.alarm strong,.failed{color:var(--alarm)}
.facts{margin:1.5rem 0;font-size:.9375rem;max-width:none}
.facts>div{display:grid;grid-template-columns:clamp(7rem,32%,15rem) minmax(0,1fr);gap:0 1rem;padding:.35rem 0;border-top:1px solid var(--grid)}
header .facts>div{grid-template-columns:6rem minmax(0,1fr)}
.facts dt{color:var(--muted)}
.facts dd{margin:0}
.downloads{margin:.25rem 0 1.5rem;font-size:.9375rem}
nav h2{border:0;padding:0;margin:2rem 0 .5rem;font-size:1.125rem}
nav ol{margin:0;padding-left:1.5rem}
nav li{padding:.15rem 0}
.answer{font-size:1.1875rem;line-height:1.55;margin:0 0 2rem}
figure{margin:2.5rem 0}
figcaption p{margin:0 0 1rem;color:var(--muted);font-size:.9375rem;line-height:1.5}
.chart svg{display:block;width:100%;height:auto;overflow:visible}
.chart .narrow{max-width:28rem}
.chart .wide{display:none}
.empty{color:var(--muted);font-style:italic}
.scroll{overflow-x:auto;border:1px solid var(--grid);border-radius:6px;margin:0 0 .5rem}
.caption{font-weight:600;font-size:.9375rem;margin:2rem 0 .5rem}
table{border-collapse:collapse;width:100%;font-size:.875rem;line-height:1.45;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .75rem;text-align:left;vertical-align:top}
thead th{color:var(--muted);font-weight:600;vertical-align:bottom;border-bottom:1px solid var(--axis)}
tbody th{font-weight:400}
tbody tr:nth-child(even){background:var(--soft)}
tbody tr.group>*{border-top:1px solid var(--axis)}
.short,.number{white-space:nowrap}
.number{text-align:right}
td.word,th.word{max-width:24rem;overflow-wrap:break-word}
details{margin:1.25rem 0}
summary{cursor:pointer;color:var(--link);padding:.25rem 0}
.definitions{font-size:.9375rem}
.definitions dt{font-weight:600;margin-top:.75rem}
.definitions dd{margin:0}
.aside{color:var(--muted);font-size:.9375rem}
@media (min-width:${wideFrom}px){
body{padding:4rem 2rem 6rem}
.chart .wide{display:block}
.chart .narrow{display:none}
}
@media print{
.scroll{overflow:visible;border:0}
.downloads,.skip{display:none}
figure,tr{break-inside:avoid}
}
`

function variables(theme: 'light' | 'dark'): string {
  return Object.entries(shades)
    .map(([name, shade]) => `--${name}:${shade[theme]};`)
    .join('')
}
