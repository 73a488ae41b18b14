"""What a training run does, as typed documents; the bundled ones lie beside."""
