// Tells htmx, before it starts, not to write a style element: the content security policy refuses it.
if (!document.querySelector('meta[name="htmx-config"]')) {
  const meta = document.createElement('meta');
  meta.name = 'htmx-config';
  meta.content = JSON.stringify({ includeIndicatorCSS: false });
  document.head.append(meta);
}
