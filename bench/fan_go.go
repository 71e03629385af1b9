// A peer of the fan-out: Go with gorilla, a hub with a buffered channel and a writer goroutine for each client, messages
// prepared once, one core. It obeys the commands of fan_server.py.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"github.com/gorilla/websocket"
)

type client struct{ frames chan *websocket.PreparedMessage }

var (
	mu       sync.RWMutex
	clients  = map[*client]bool{}
	upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	pad      = strings.Repeat("x", 52)
	seq      = 0
)

func monotonic() int64 { // CLOCK_MONOTONIC, the clock that the clients read
	var at syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&at)), 0)
	return at.Nano()
}

func serve(answer http.ResponseWriter, request *http.Request) {
	connection, err := upgrader.Upgrade(answer, request, nil)
	if err != nil {
		return
	}
	me := &client{make(chan *websocket.PreparedMessage, 8192)}
	mu.Lock()
	clients[me] = true
	mu.Unlock()
	pong, _ := websocket.NewPreparedMessage(websocket.TextMessage, []byte(`{"type":"pong"}`))
	go func() {
		for frame := range me.frames {
			if connection.WritePreparedMessage(frame) != nil {
				return
			}
		}
	}()
	for {
		if _, _, err := connection.ReadMessage(); err != nil {
			break
		}
		me.frames <- pong
	}
	mu.Lock()
	delete(clients, me)
	mu.Unlock()
}

func publish() {
	seq++
	text := fmt.Sprintf(`{"type":"event","channel":"events","data":{"kind":"bench_told","at":"2026-01-01T00:00:00+00:00",`+
		`"stamp":"%019d","pad":"%s"},"seq":%d}`, monotonic(), pad, seq)
	frame, _ := websocket.NewPreparedMessage(websocket.TextMessage, []byte(text))
	mu.RLock()
	for each := range clients {
		select {
		case each.frames <- frame:
		default:
		}
	}
	mu.RUnlock()
}

func load(burst int, perSecond, seconds float64) int {
	begun, turns := time.Now(), int(perSecond*seconds)
	if turns < 1 {
		turns = 1
	}
	for number := 0; number < turns; number++ {
		time.Sleep(time.Until(begun.Add(time.Duration(float64(number) / perSecond * 1e9))))
		for each := 0; each < burst; each++ {
			publish()
		}
	}
	return burst * turns
}

func main() {
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, http.HandlerFunc(serve))
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var command struct{ Load []float64 }
		if json.Unmarshal(lines.Bytes(), &command) == nil && len(command.Load) == 3 {
			fmt.Printf("{\"sent\": %d}\n", load(int(command.Load[0]), command.Load[1], command.Load[2]))
		} else {
			fmt.Printf("{\"port\": %d, \"token\": \"nobody\"}\n", listener.Addr().(*net.TCPAddr).Port)
		}
	}
}
