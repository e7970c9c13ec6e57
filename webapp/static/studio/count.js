// Counts a segment's people while its sentences are written: half a second after the last change,
// one request at a time, the newest wins. Without it there is a button that counts.
const form = document.querySelector("form[data-count]");
const shown = form && document.getElementById(form.dataset.count);
let waiting, running;

function changed(event) {
  if (!event.target.name || ["name", "kind-new"].includes(event.target.name)) return;
  clearTimeout(waiting);
  waiting = setTimeout(count, 500);
}

async function count() {
  running?.abort();
  running = new AbortController();
  const asked = new FormData(form);
  asked.set("live", "1");
  shown.setAttribute("aria-busy", "true");
  shown.textContent = shown.dataset.busy;
  try {
    const how = { method: "POST", body: asked, credentials: "same-origin", redirect: "error" };
    const answer = await fetch(form.action, { ...how, signal: running.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    shown.replaceChildren(...page.body.childNodes);
    shown.removeAttribute("aria-busy");
  } catch (error) {
    if (error.name === "AbortError") return;
    shown.removeAttribute("aria-busy");
    shown.textContent = "";
  }
}

form?.addEventListener("input", changed);
if (form?.querySelector("[name^=kind-]:not([name=kind-new])")) count();
