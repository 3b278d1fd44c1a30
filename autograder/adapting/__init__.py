"""Takes the lab to another course: a new course directory, another lab, its own bounds."""
