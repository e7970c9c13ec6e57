// Keeps a campaign's figures fresh: every 2 s, slower when nothing changes, not at all when the
// page is hidden or the campaign has come to its end. Without it the page reloads by itself.
const FASTEST = 2000;
const SLOWEST = 20000;
// How often the one sentence is read out to whoever listens to the page.
const SAID_EVERY = 30000;
let pause = FASTEST;
let timer = 0;
let saidAt = -SAID_EVERY;

async function refresh() {
  const shown = document.getElementById("live");
  if (!shown?.hasAttribute("data-moving") || document.hidden) return;
  if (!shown.querySelector("details[open]:not([id]), details#stop[open]")) await exchange(shown);
  again(pause);
}

function again(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(refresh, milliseconds);
}

async function exchange(shown) {
  const began = performance.now();
  try {
    const answer = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("live");
    document.title = page.title;
    const isNew = fresh.textContent !== shown.textContent;
    // A server that takes long to answer is asked more seldom.
    const least = Math.max(FASTEST, 5 * (performance.now() - began));
    pause = isNew ? least : Math.min(Math.max(pause * 1.5, least), SLOWEST);
    if (isNew) replace(shown, fresh);
  } catch {
    pause = Math.min(pause * 2, SLOWEST);
  }
}

function replace(shown, fresh) {
  // A button that somebody is about to press stays where it is, and what was unfolded unfolded.
  const held = document.activeElement?.closest("form")?.getAttribute("action");
  for (const one of shown.querySelectorAll("details[open][id]")) {
    fresh.querySelector(`#${CSS.escape(one.id)}`)?.setAttribute("open", "");
  }
  const unfolded = document.activeElement?.closest("summary")?.parentElement?.id;
  shown.replaceWith(fresh);
  if (held) fresh.querySelector(`form[action="${CSS.escape(held)}"] button`)?.focus();
  if (unfolded) fresh.querySelector(`#${CSS.escape(unfolded)} > summary`)?.focus();
  say(fresh, fresh.dataset.state !== shown.dataset.state);
}

function say(fresh, atOnce) {
  const said = document.getElementById("said");
  if (!said || (!atOnce && performance.now() - saidAt < SAID_EVERY)) return;
  saidAt = performance.now();
  said.textContent = fresh.querySelector(".sentence")?.textContent.trim() ?? "";
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) again(0);
});
again(pause);
