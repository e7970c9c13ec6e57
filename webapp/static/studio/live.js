// Keeps a campaign's figures fresh: every 2 s, slower when nothing changes, not at all when the
// page is hidden or the campaign has come to its end. Without it the page reloads by itself.
const FASTEST = 2000;
const SLOWEST = 20000;
let pause = FASTEST;

async function refresh() {
  const shown = document.getElementById("live");
  if (!shown?.hasAttribute("data-moving")) return;
  if (!document.hidden && !shown.querySelector("details[open]")) await exchange(shown);
  setTimeout(refresh, pause);
}

async function exchange(shown) {
  try {
    const answer = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("live");
    document.title = page.title;
    pause = fresh.textContent === shown.textContent ? Math.min(pause * 1.5, SLOWEST) : FASTEST;
    if (fresh.textContent !== shown.textContent) replace(shown, fresh);
  } catch {
    pause = Math.min(pause * 2, SLOWEST);
  }
}

function replace(shown, fresh) {
  // A button that somebody is about to press stays where it is.
  const held = document.activeElement?.closest("form")?.getAttribute("action");
  shown.replaceWith(fresh);
  if (held) fresh.querySelector(`form[action="${CSS.escape(held)}"] button`)?.focus();
}

setTimeout(refresh, pause);
