"""The public pages as a folder: whole without the application, in both languages, served by anything."""
