// Keeps what is typed on the server, says so, and puts a field with its fallback where one writes.
// Without it every button does the same with a page between.
const form = document.getElementById("composer");
const kept = document.getElementById("kept");
const PAUSE = 1200;
let timer = 0;
let sent = 0;
let last = null;

function typed() {
  kept.textContent = kept.dataset.typing;
  clearTimeout(timer);
  timer = setTimeout(keep, PAUSE);
}

async function keep() {
  const turn = ++sent;
  const words = new FormData(form);
  for (const name of [...words.keys()]) if (name.endsWith("-file")) words.delete(name);
  let said = kept.dataset.away;
  try {
    const answer = await fetch(form.dataset.typed, {
      method: "POST", body: words, credentials: "same-origin", redirect: "error",
    });
    if (answer.ok) said = (await answer.json()).kept;
  } catch { /* The words of this page say it. */ }
  if (turn !== sent) return;
  kept.textContent = said;
  if (said === kept.dataset.away) timer = setTimeout(keep, 5 * PAUSE);
}

function insert() {
  const fallback = document.getElementById("merge-fallback");
  const words = fallback.value.trim().replaceAll("'", "’");
  if (!words || !last) return (words ? form.querySelector("[data-merge]") : fallback).focus();
  const tag = `{{ ${document.getElementById("merge-field").value}|default('${words}') }}`;
  last.setRangeText(tag, last.selectionStart, last.selectionEnd, "end");
  last.focus();
  typed();
}

form.addEventListener("input", typed);
form.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-merge]")) last = event.target;
});
form.addEventListener("submit", () => clearTimeout(timer));
document.getElementById("insert").hidden = false;
document.getElementById("merge-insert").addEventListener("click", insert);
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  document.getElementById("save").click();
});
