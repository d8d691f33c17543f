// Forms that a security key answers: the page says what is asked, the browser asks the key, and its
// answer is sent as a field of the same form. The contract is in webui/key_ceremony.py.

const GIVEN_UP = new Set(['NotAllowedError', 'AbortError']);

/** Let every form of `root` that asks for a security key do so when it is sent. */
export function watchKeys(root) {
  root.querySelectorAll('form[data-security-key]').forEach((form) => new KeyForm(form));
}

class KeyForm {
  constructor(form) {
    this.form = form;
    // The page says them in the language of who reads it.
    this.words = JSON.parse(form.dataset.keyWords);
    this.said = form.querySelector('[data-key-says]');
    this.button = form.querySelector('button[type="submit"]');
    if (!window.PublicKeyCredential) {
      this.say(this.words.unknown);
      return;
    }
    this.button.disabled = false;
    form.addEventListener('submit', (event) => this.ask(event));
  }

  async ask(event) {
    event.preventDefault();
    this.button.disabled = true;
    this.say(this.words.touch);
    try {
      this.form.elements.credential.value = JSON.stringify(await this.answer());
      this.form.submit();
    } catch (error) {
      this.button.disabled = false;
      this.say(this.explained(error));
    }
  }

  async answer() {
    const asked = JSON.parse(this.form.dataset.asked);
    if (this.form.dataset.securityKey === 'make') {
      return written(await navigator.credentials.create({ publicKey: readMake(asked) }));
    }
    return written(await navigator.credentials.get({ publicKey: readSign(asked) }));
  }

  explained(error) {
    if (GIVEN_UP.has(error.name)) return this.words.silent;
    return error.name === 'InvalidStateError' ? this.words.known : this.words.failed;
  }

  say(words) {
    this.said.textContent = words;
  }
}

function readMake(asked) {
  return {
    ...asked,
    challenge: bytes(asked.challenge),
    user: { ...asked.user, id: bytes(asked.user.id) },
    excludeCredentials: asked.excludeCredentials.map(withBytes),
  };
}

function readSign(asked) {
  return {
    ...asked,
    challenge: bytes(asked.challenge),
    allowCredentials: asked.allowCredentials.map(withBytes),
  };
}

function withBytes(described) {
  return { ...described, id: bytes(described.id) };
}

/** Return what a key said as JSON can carry it. */
function written(credential) {
  const response = {};
  for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

function bytes(base64url) {
  const plain = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
