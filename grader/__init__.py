"""The teacher's side: course assembly, the site, grading. Never shipped to students."""
