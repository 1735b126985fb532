"""The clauses of the contract, a class for each section."""
