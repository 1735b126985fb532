"""What is the matter with a machine or a checkpoint, as data; the command only prints it.

Imports nothing: the doctor's questions run in processes of their own, which must start quickly.
"""
