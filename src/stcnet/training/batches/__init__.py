"""From decoded clips to what a step is trained on."""
