;; A preview-1 program by hand: greets its first argument, or the world.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "Hello, ")
  (data (i32.const 16) "world")
  (data (i32.const 24) "!\n")

  (func $length (param $text i32) (result i32)
    (local $at i32)
    (local.set $at (local.get $text))
    (block $end
      (loop $next
        (br_if $end (i32.eqz (i32.load8_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (i32.sub (local.get $at) (local.get $text)))

  ;; Three pieces as one write: "Hello, ", the name, "!\n".
  (func $greet (param $name i32) (param $length i32)
    (i32.store (i32.const 64) (i32.const 0))
    (i32.store (i32.const 68) (i32.const 7))
    (i32.store (i32.const 72) (local.get $name))
    (i32.store (i32.const 76) (local.get $length))
    (i32.store (i32.const 80) (i32.const 24))
    (i32.store (i32.const 84) (i32.const 2))
    (drop (call $fd_write (i32.const 1) (i32.const 64) (i32.const 3) (i32.const 96))))

  (func (export "_start")
    (drop (call $args_sizes_get (i32.const 100) (i32.const 104)))
    ;; Names longer than this page holds are not greeted by name.
    (if (i32.or (i32.lt_u (i32.load (i32.const 100)) (i32.const 2)) (i32.gt_u (i32.load (i32.const 104)) (i32.const 60000)))
      (then (call $greet (i32.const 16) (i32.const 5)))
      (else
        (drop (call $args_get (i32.const 128) (i32.const 4096)))
        (call $greet (i32.load (i32.const 132)) (call $length (i32.load (i32.const 132))))))))
