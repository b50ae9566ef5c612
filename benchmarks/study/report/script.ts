/** Makes the links to download: all else of the page works without it. */
export const script = `
'use strict';
{
  const offer = (link, type, text) => {
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.hidden = false;
  };
  const quoted = (text) => /[",\\r\\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  const csvOf = (table) => [...table.rows]
    .map((row) => [...row.cells].map((cell) => quoted(cell.textContent)).join(',') + '\\r\\n')
    .join('');
  offer(document.getElementById('download-json'), 'application/json', document.getElementById('study-data').textContent);
  for (const link of document.querySelectorAll('a[data-table]')) {
    offer(link, 'text/csv;charset=utf-8', csvOf(document.getElementById(link.dataset.table)));
  }
}
`
