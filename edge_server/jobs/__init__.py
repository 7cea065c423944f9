"""Files that are cleaned in the background of live voices."""
