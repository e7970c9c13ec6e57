// Has the browser ask for a passkey and posts the form with what it answers. Without it the page
// says what else opens.
const form = document.querySelector("form[data-passkey]");
const button = form.querySelector("button");
const said = form.querySelector("[role=alert]");
// What a browser calls it, and which of the page's sentences says it.
const SENTENCES = {
  NotAllowedError: "cancelled",
  AbortError: "cancelled",
  InvalidStateError: "known",
  SecurityError: "place",
  TypeError: "away",
};

function octets(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

function text(buffer) {
  const plain = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return plain.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function told(asked) {
  const known = (list) => (list ?? []).map((one) => ({ ...one, id: octets(one.id) }));
  const both = { ...asked, challenge: octets(asked.challenge) };
  if (form.dataset.passkey === "get") {
    return { ...both, allowCredentials: known(asked.allowCredentials) };
  }
  const user = { ...asked.user, id: octets(asked.user.id) };
  return { ...both, user, excludeCredentials: known(asked.excludeCredentials) };
}

function answered({ id, rawId, type, response }) {
  const kept = { transports: response.getTransports?.() };
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  for (const part of parts) if (response[part]) kept[part] = text(response[part]);
  return JSON.stringify({ id, rawId: text(rawId), type, response: kept });
}

function say(sentence) {
  said.textContent = sentence;
  button.disabled = false;
  button.focus();
}

async function ask(event) {
  event.preventDefault();
  said.textContent = "";
  button.disabled = true;
  try {
    const how = { method: "POST", body: new FormData(form), credentials: "same-origin" };
    const answer = await fetch(form.dataset.begin, { ...how, redirect: "error" });
    if (answer.status === 401 && form.dataset.again) return proveFirst();
    const asked = await answer.json().catch(() => ({ problem: form.dataset.away }));
    if (!answer.ok || asked.problem) return say(asked.problem);
    const made = await navigator.credentials[form.dataset.passkey]({ publicKey: told(asked) });
    form.elements.answer.value = answered(made);
    form.submit();
  } catch (error) {
    say(form.dataset[SENTENCES[error.name] ?? "unable"]);
  }
}

// The password was given too long ago: a page asks for it and leads back here.
function proveFirst() {
  form.action = form.dataset.again;
  form.submit();
}

button.hidden = false;
form.addEventListener("submit", ask);
if (!window.PublicKeyCredential) {
  button.disabled = true;
  // Over plain http a browser hides them, whatever it knows.
  said.textContent = window.isSecureContext ? form.dataset.unable : form.dataset.place;
}
