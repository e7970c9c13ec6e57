// J and K walk along the requests of the queue, Enter opens the one that has the focus. Without it
// the links are reached by Tab, like everything else.
const rows = [...document.querySelectorAll("table.desk tbody a")];
const writes = "input, select, textarea, [contenteditable]";

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches?.(writes)) return;
  const step = { j: 1, k: -1 }[event.key.toLowerCase()];
  if (!step || !rows.length) return;
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1);
  rows[next].focus();
  event.preventDefault();
});
