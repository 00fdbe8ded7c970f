"""The page that measures in the browser: its files, and a server for them on this computer."""
