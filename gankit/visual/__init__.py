"""Images, animations, plots and notebook output."""
