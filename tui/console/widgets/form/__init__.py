"""Forms: fields, rows, complaints."""
