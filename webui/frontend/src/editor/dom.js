// Makes elements with text; what came from a file or from the server is never read as markup.

export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, '');
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Return a function that runs `act` once `rest` milliseconds have passed without another call. */
export function rested(act, rest) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, rest);
  };
}
