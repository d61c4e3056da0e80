"""The shell around everybody's pages. docs/decisions/0018-pages.md says how a page is added."""
