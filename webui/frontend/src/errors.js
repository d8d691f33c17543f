// Takes the reader to what went wrong: the error summary gets the focus when a page shows one.

/** Focus the first error summary inside `root`; the links in it lead to the fields. */
export function focusErrors(root) {
  root.querySelector('.error-summary')?.focus();
}
