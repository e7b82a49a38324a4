"""The flows, through Home Assistant's own flow managers and over HTTP."""
