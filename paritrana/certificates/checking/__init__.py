"""What a stranger asks about a certificate: by its code, by the square of dots on the paper, or by the file itself."""
