"""`make picture`: the picture in README, from the files that `make files` wrote."""

import sys
from pathlib import Path

import pypdfium2
from PIL import Image

DEMO = Path("octavo-demo")
# An upright page, and what lies on its side and stands beside it, one under the other.
SHOWN = ("aurora/energy.invoice_to_client.pdf", "aurora/energy.invoice_comparison.pdf", "meridian/retail.sales.pdf")
OUT = Path("docs/pictures/reports.png")
HEIGHT, GAP, DESK = 1210, 36, (232, 229, 220)


def first_page(path: Path, height: int) -> Image.Image:
    """The first page of a PDF, so many pixels high."""
    with pypdfium2.PdfDocument(path) as document:
        page = document[0]
        return page.render(scale=height / page.get_height()).to_pil().convert("RGB")


def main() -> None:
    missing = [name for name in SHOWN if not (DEMO / name).exists()]
    if missing:
        sys.exit(f"{DEMO / missing[0]} is not there; run make files first")
    upright, *lying = (DEMO / name for name in SHOWN)
    invoice = first_page(upright, HEIGHT)
    beside = [first_page(path, (HEIGHT - GAP * (len(lying) - 1)) // len(lying)) for path in lying]
    desk = Image.new("RGB", (invoice.width + max(page.width for page in beside) + 3 * GAP, HEIGHT + 2 * GAP), DESK)
    desk.paste(invoice, (GAP, GAP))
    top = GAP
    for page in beside:
        desk.paste(page, (invoice.width + 2 * GAP, top))
        top += page.height + GAP
    OUT.parent.mkdir(parents=True, exist_ok=True)
    desk.quantize(64).save(OUT, optimize=True)
    print(f"{OUT}: {desk.width} × {desk.height}, {OUT.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
