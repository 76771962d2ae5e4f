"""What charts show, described by Altair; the browser draws them."""
