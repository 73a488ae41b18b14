"""Own clips: imported from folders, tables and a monitor's labels; cut, merged, exported."""
