;; What random modules import: every value they log goes into one sum, NaNs of all kinds being one value.
(module
  (global $sum (mut i64) (i64.const 0))
  (func $add (param $value i64)
    (global.set $sum
      (i64.add (i64.mul (global.get $sum) (i64.const 6364136223846793005)) (i64.add (local.get $value) (i64.const 1)))))
  (func (export "log-i32") (param i32) (call $add (i64.extend_i32_u (local.get 0))))
  (func (export "log-i64") (param i64) (call $add (local.get 0)))
  (func (export "log-f32") (param f32)
    (call $add
      (select (i64.extend_i32_u (i32.reinterpret_f32 (local.get 0))) (i64.const 0x7fc00000)
        (f32.eq (local.get 0) (local.get 0)))))
  (func (export "log-f64") (param f64)
    (call $add
      (select (i64.reinterpret_f64 (local.get 0)) (i64.const 0x7ff8000000000000)
        (f64.eq (local.get 0) (local.get 0)))))
  ;; Lanes that are NaN as f64, then those that are NaN as f32, become zero.
  (func (export "log-v128") (param v128)
    (local.set 0 (v128.and (local.get 0) (f64x2.eq (local.get 0) (local.get 0))))
    (local.set 0 (v128.and (local.get 0) (f32x4.eq (local.get 0) (local.get 0))))
    (call $add (i64x2.extract_lane 0 (local.get 0)))
    (call $add (i64x2.extract_lane 1 (local.get 0))))
  (func (export "sum") (result i64) (global.get $sum)))
