// Go for the miner: maps, slices, strings, interfaces, sorting, closures, encoding, regular expressions, floats, garbage.
package main

import (
	"bytes"
	"compress/flate"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"text/template"
)

type shape interface{ area() float64 }
type square struct{ side float64 }
type circle struct{ radius float64 }

func (s square) area() float64 { return s.side * s.side }
func (c circle) area() float64 { return math.Pi * c.radius * c.radius }

type record struct {
	Name  string            `json:"name"`
	Score float64           `json:"score"`
	Tags  []string          `json:"tags"`
	More  map[string]string `json:"more"`
}

type tree struct{ left, right *tree }

func grow(depth int) *tree {
	if depth == 0 {
		return &tree{}
	}
	return &tree{grow(depth - 1), grow(depth - 1)}
}
func (t *tree) count() int {
	if t == nil {
		return 0
	}
	return 1 + t.left.count() + t.right.count()
}

func words() string {
	var text strings.Builder
	state := uint32(1)
	for i := 0; i < 20000; i++ {
		state = state*1664525 + 1013904223
		text.WriteString("w" + strconv.Itoa(int(state>>20)) + " ")
	}
	return text.String()
}

func main() {
	text := words()
	counts := map[string]int{}
	for _, word := range strings.Fields(text) {
		counts[word]++
	}
	keys := make([]string, 0, len(counts))
	for key := range counts {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	sort.Slice(keys, func(i, j int) bool { return counts[keys[i]] > counts[keys[j]] || counts[keys[i]] == counts[keys[j]] && keys[i] < keys[j] })
	fmt.Println(len(keys), keys[0], counts[keys[0]])

	var shapes []shape
	for i := 0; i < 3000; i++ {
		if i%2 == 0 {
			shapes = append(shapes, square{float64(i)})
		} else {
			shapes = append(shapes, circle{float64(i)})
		}
	}
	sum := 0.0
	for round := 0; round < 20; round++ {
		for _, s := range shapes {
			sum += s.area()
		}
	}
	fmt.Printf("%.3e %d\n", sum, grow(14).count())

	var records []record
	for i := 0; i < 400; i++ {
		records = append(records, record{keys[i%len(keys)], math.Sqrt(float64(i)), []string{"a", keys[i%7]}, map[string]string{"k": keys[i%11]}})
	}
	encoded, _ := json.Marshal(records)
	var decoded []record
	if json.Unmarshal(encoded, &decoded) != nil {
		panic("json")
	}
	fmt.Println(len(encoded), len(decoded), base64.StdEncoding.EncodeToString(encoded)[:20])
	fmt.Printf("%x\n", sha1.Sum(encoded))

	found := regexp.MustCompile(`w(\d)(\d+) w\d*7 `).FindAllStringSubmatch(text, -1)
	fmt.Println(len(found), strings.Count(strings.ToUpper(text), "W1"))
	var page bytes.Buffer
	template.Must(template.New("p").Parse("{{range .}}<li>{{.Name}}: {{printf \"%.2f\" .Score}}</li>{{end}}")).Execute(&page, records)
	fmt.Println(page.Len())

	factorial := new(big.Int).MulRange(1, 600)
	var packed bytes.Buffer
	packer, _ := flate.NewWriter(&packed, 6)
	packer.Write(encoded)
	packer.Close()
	unpacked, _ := io.ReadAll(flate.NewReader(&packed))
	fmt.Println(factorial.BitLen(), len(factorial.String()), len(unpacked), sha512.Sum512(unpacked)[0])

	results := make(chan int)
	for i := 0; i < 8; i++ {
		go func(n int) {
			total := 0
			for j := 0; j < 20000; j++ {
				total += j % (n + 3)
			}
			results <- total
		}(i)
	}
	total := 0
	for i := 0; i < 8; i++ {
		total += <-results
	}
	fmt.Println(total)
}
