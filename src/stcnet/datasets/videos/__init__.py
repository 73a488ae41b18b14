"""Videos of clips: decoded side by side, and their sizes."""
