// The tour in Go, with goroutines, a timer and a directory listing on the way.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"sync"
	"time"
)

func countFile(path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%s: %d lines, %d words, %d bytes\n", path, bytes.Count(text, []byte("\n")), len(bytes.Fields(text)), len(text))
}

func checkGoroutines() {
	var wait sync.WaitGroup
	squares := make(chan int, 100)
	for i := 0; i < 100; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			time.Sleep(time.Millisecond)
			squares <- i * i
		}()
	}
	wait.Wait()
	close(squares)
	sum := 0
	for square := range squares {
		sum += square
	}
	if sum != 328350 {
		panic("goroutines lost work")
	}
}

func checkFiles() {
	if err := os.WriteFile("data/from-go.txt", []byte("go"), 0o644); err != nil {
		panic(err)
	}
	entries, err := os.ReadDir("data")
	if err != nil || len(entries) < 2 {
		panic("the directory was not listed")
	}
	if err := os.Remove("data/from-go.txt"); err != nil {
		panic(err)
	}
}

func main() {
	fmt.Printf("arguments: %d\n", len(os.Args)-1)
	for _, argument := range os.Args[1:] {
		fmt.Printf("  <%s>\n", argument)
	}
	greeting, found := os.LookupEnv("GREETING")
	if !found {
		greeting = "(none)"
	}
	fmt.Printf("GREETING: %s\n", greeting)
	countFile("data/input.txt")
	lines := bufio.NewScanner(os.Stdin)
	for number := 1; lines.Scan(); number++ {
		fmt.Printf("%d: %s\n", number, lines.Text())
	}
	checkGoroutines()
	checkFiles()
	fmt.Println("done")
	os.Exit(7)
}
