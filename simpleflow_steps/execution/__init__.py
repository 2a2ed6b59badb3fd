"""What an execution keeps in storage beside its markers: its lease, its runs, its signals and its timers."""
