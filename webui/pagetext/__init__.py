"""Makes every visible text of a template a message to translate, without marks in the template.

What stands between two blocks of a page is one message: a paragraph, a heading, a label, an
`aria-label`. Values become named placeholders, attributes of links and emphasis too, and a
sentence with an `{% if %}` inside becomes one whole sentence for each case. Words inside
expressions (the arguments of a macro) are marked by hand: `_("Worklist")`.
"""

from webui.pagetext.extension import PageText

__all__ = ["PageText"]
