"""Data that models of somebody's own records are made from."""
