// The public page asks for a small work instead of an address: a number whose hash together with
// the challenge begins with enough zero bits. It is looked for while the person writes; without
// scripts a written question stands in its place. The contract is in engine/challenge.py.

const AT_ONCE = 256; // hashes that are under way at the same time

/** Solve the challenges of `root`, hide their questions, and let forms wait for the number. */
export function solveChallenges(root) {
  if (!globalThis.crypto?.subtle) return; // only over https or on the same machine
  root.querySelectorAll('[data-challenge]').forEach(prepare);
}

function prepare(box) {
  const form = box.closest('form');
  const proof = form.querySelector('[name=proof]');
  const question = box.querySelector('[data-question]');
  let isSent = false;
  question.hidden = true;
  const solved = solve(box.dataset.challenge, Number(box.dataset.bits)).then((number) => {
    proof.value = number;
  });
  form.addEventListener('submit', async (event) => {
    if (isSent) {
      event.preventDefault(); // a double click
      return;
    }
    isSent = true;
    if (proof.value) return;
    event.preventDefault();
    box.querySelector('[data-working]').hidden = false;
    await solved;
    isSent = false;
    form.requestSubmit();
  });
  // A page that comes back from the browser's memory may be sent anew.
  window.addEventListener('pageshow', () => {
    isSent = false;
  });
}

/** Return the first number that solves a challenge, as text. */
export async function solve(challenge, bits) {
  const encoder = new TextEncoder();
  for (let start = 0; ; start += AT_ONCE) {
    const numbers = Array.from({ length: AT_ONCE }, (_, place) => String(start + place));
    const hashes = await Promise.all(
      numbers.map((number) => crypto.subtle.digest('SHA-256', encoder.encode(`${challenge}:${number}`))),
    );
    const found = hashes.findIndex((hash) => zeroBits(new Uint8Array(hash)) >= bits);
    if (found >= 0) return numbers[found];
  }
}

function zeroBits(bytes) {
  let count = 0;
  for (const byte of bytes) {
    if (byte > 0) return count + Math.clz32(byte) - 24;
    count += 8;
  }
  return count;
}
