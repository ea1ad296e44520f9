"""The org's own pages: plain server-rendered HTML, plainly another house than the product's."""
