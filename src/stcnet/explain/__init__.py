"""Where in a clip a verdict comes from: Grad-CAM of each pathway, exact maps, and their tests."""
