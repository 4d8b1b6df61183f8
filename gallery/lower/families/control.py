"""Control flow: both branches of an If; the body of a Loop or Scan once a trip."""
