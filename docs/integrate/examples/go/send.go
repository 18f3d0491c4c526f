// Sends one message and many, reads a state, lists, and shows what a refusal looks like.
// Needs nothing but Go 1.19: CHAPPE_URL=https://… CHAPPE_KEY=KEY.SECRET go run send.go [NUMBER]
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const tries = 6

var (
	base   = strings.TrimRight(os.Getenv("CHAPPE_URL"), "/") + "/api/v1"
	client = &http.Client{Timeout: 30 * time.Second}
	open   = map[string]bool{"scheduled": true, "queued": true, "sending": true, "unknown": true, "submitted": true}
)

// Refused is a lawful no, as a problem document.
type Refused struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Status int    `json:"status"`
}

func (refused *Refused) Error() string { return refused.Code + ": " + refused.Detail }

// Message is what the examples look at of a message.
type Message struct {
	ID    string `json:"id"`
	State string `json:"state"`
	Price struct {
		Amount string `json:"amount"`
		Unit   string `json:"unit"`
	} `json:"price"`
}

// ask asks, and asks again when that helps. once is the Idempotency-Key: without one, do not repeat a POST.
func ask(method, path string, body any, once string, answer any) error {
	var octets []byte
	if body != nil {
		var err error
		if octets, err = json.Marshal(body); err != nil {
			return err
		}
	}
	pause := time.Second
	for left := tries - 1; ; left-- {
		wait, err := try(method, path, octets, once, answer)
		var refused *Refused
		switch {
		case err == nil:
			return nil
		case left == 0:
			return err
		case errors.As(err, &refused):
			// A refusal: nothing was done. Where waiting helps, it says how long.
			if wait == 0 {
				return err
			}
			time.Sleep(wait)
		case method == http.MethodPost && once == "":
			return err
		default:
			// No answer: nobody knows whether it was taken. The same key asks without sending twice.
			time.Sleep(pause)
			pause *= 2
		}
	}
}

func try(method, path string, octets []byte, once string, answer any) (time.Duration, error) {
	request, err := http.NewRequest(method, base+path, bytes.NewReader(octets))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("CHAPPE_KEY"))
	if octets != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if once != "" {
		request.Header.Set("Idempotency-Key", once)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		refused := &Refused{Code: "unavailable", Status: response.StatusCode}
		if err := json.NewDecoder(response.Body).Decode(refused); err != nil {
			return 0, err
		}
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return time.Duration(seconds) * time.Second, refused
	}
	return 0, json.NewDecoder(response.Body).Decode(answer)
}

func newKey(prefix string) string {
	octets := make([]byte, 16)
	if _, err := rand.Read(octets); err != nil {
		log.Fatal(err)
	}
	return prefix + hex.EncodeToString(octets)
}

func main() {
	log.SetFlags(0)
	to := "+447400123456"
	if len(os.Args) > 1 {
		to = os.Args[1]
	}
	must := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	type fields = map[string]any

	// One message. The key is yours, e.g. the number of an order; keep it until you have an answer.
	var sent struct{ Messages []Message }
	one := fields{"from": "ACME", "to": to, "text": "Your table is ready.", "client_reference": "order-4711"}
	must(ask("POST", "/messages", one, newKey("order-4711-"), &sent))
	message := sent.Messages[0]
	fmt.Printf("accepted %s for %s %s\n", message.ID, message.Price.Amount, message.Price.Unit)

	// Many messages: all are taken or none.
	recipients := []any{to, fields{"to": "+33612345678", "client_reference": "b"}}
	many := fields{"from": "ACME", "recipients": recipients, "text": "Hello"}
	must(ask("POST", "/messages", many, newKey(""), &sent))
	fmt.Printf("accepted %d messages\n", len(sent.Messages))

	// What became of it? A webhook tells the same without asking.
	for left := 60; left > 0 && open[message.State]; left-- {
		time.Sleep(time.Second)
		must(ask("GET", "/messages/"+message.ID, nil, "", &message))
	}
	fmt.Println("state", message.State)

	// The list, page by page, newest first.
	count, cursor := 0, ""
	for count < 10 {
		var page struct {
			Items      []Message `json:"items"`
			NextCursor *string   `json:"next_cursor"`
		}
		must(ask("GET", "/messages?limit=2"+cursor, nil, "", &page))
		count += len(page.Items)
		if page.NextCursor == nil {
			break
		}
		cursor = "&cursor=" + *page.NextCursor
	}
	fmt.Println("listed", count, "messages")

	// A refusal has a stable code and costs nothing.
	var refused *Refused
	if err := ask("POST", "/messages", fields{"from": "ACME", "to": "12", "text": "Hello"}, "", &sent); errors.As(err, &refused) {
		fmt.Println("refused", refused)
	} else {
		must(err)
	}
}
