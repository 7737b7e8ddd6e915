"""Loading nominations and figures from one workbook: the template, the reading of what comes back, and the plan."""
