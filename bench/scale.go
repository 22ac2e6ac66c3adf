package main

func scale(string, settings) error { return nil }
