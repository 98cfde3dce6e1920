"""What a run has found out, and how it is shown: as JSON, as Markdown and as one HTML page.

From below: `findings` is the plain data, `tables` says it in rows and columns, `charts` draws it, `markdown` and `page`
put that together, and `writing` writes it down.
"""
